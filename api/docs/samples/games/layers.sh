curl -s "$CUESMITH_URL/v1/tracks/$TRACK/renditions" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: kart-select-layers" \
  -H "Content-Type: application/json" -H "Prefer: wait=60" \
  -d '{"version": "layers", "format": "ogg"}' > layers.json
jq -r '.files[] | "\(.name) \(.url)"' layers.json | while read -r NAME URL; do
  curl -s "$URL" -H "Authorization: Bearer $CUESMITH_KEY" -o "$NAME"
done
