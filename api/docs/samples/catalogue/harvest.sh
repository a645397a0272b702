TRACK=$(curl -s "$CUESMITH_URL/v1/tracks?limit=1" \
  -H "Authorization: Bearer $CUESMITH_KEY" | jq -r '.items[0].id')
curl -s "$CUESMITH_URL/v1/tracks/$TRACK/package?profile=harvest&wait=60" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o track.zip
