curl -s "$CUESMITH_URL/v1/batches/$BATCH/picks" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Content-Type: application/json" \
  -d '{"first_line": 1, "last_line": 3, "rating_min": 0.2}' \
  | jq -c '(.picks[] | {reference, license, track}), .skipped[]'
