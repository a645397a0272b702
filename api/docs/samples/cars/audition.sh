CANDIDATE=$(jq -r '.candidates[0].id' made.json)
curl -s "$CUESMITH_URL/v1/candidates/$CANDIDATE" -H "Authorization: Bearer $CUESMITH_KEY" \
  > candidate.json
jq -c '.family.members[] | {name, duration_ms, passed}' candidate.json
for FUNCTION in welcome door_open door_close seat_belt warn; do
  curl -s "$CUESMITH_URL/v1/candidates/$CANDIDATE/audio?format=wav&function=$FUNCTION" \
    -H "Authorization: Bearer $CUESMITH_KEY" -o "$FUNCTION.wav"
done
