FAMILY=$(curl -s "$CUESMITH_URL/v1/families" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: cabin-2028-1" \
  -H "Content-Type: application/json" -d @family.json | jq -r .id)
curl -s "$CUESMITH_URL/v1/families/$FAMILY?wait=60" \
  -H "Authorization: Bearer $CUESMITH_KEY" > made.json
jq -c '{status, candidates: [.candidates[] | {id, rating, passed}]}' made.json
