curl -s "$CUESMITH_URL/v1/candidates/$CANDIDATE/pick" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: license-81" \
  -H "Content-Type: application/json" -d '{"territory": "CN,JP", "words": "hashed"}' \
  | jq '{id, track, rights, grants}'
