curl -s "$CUESMITH_URL/v1/tracks/$TRACK/package?profile=unity&wait=60" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o kart-select-unity.zip
unzip -l kart-select-unity.zip
