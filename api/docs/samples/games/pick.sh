TRACK=$(curl -s -X POST "$CUESMITH_URL/v1/candidates/$CANDIDATE/pick" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: kart-select-pick" | jq -r .track)
curl -s "$CUESMITH_URL/v1/tracks/$TRACK/audio" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o loop.wav
curl -s "$CUESMITH_URL/v1/tracks/$TRACK/stems/drums" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o drums.wav
