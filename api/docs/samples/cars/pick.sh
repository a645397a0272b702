TRACK=$(curl -s -X POST "$CUESMITH_URL/v1/candidates/$CANDIDATE/pick" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: cabin-2028-pick" | jq -r .track)
curl -s "$CUESMITH_URL/v1/tracks/$TRACK/package?profile=automotive&wait=60" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o cabin.zip
unzip -p cabin.zip '*functions.csv'
