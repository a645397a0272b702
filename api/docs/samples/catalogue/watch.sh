while [ "$(curl -s "$CUESMITH_URL/v1/batches/$BATCH" \
  -H "Authorization: Bearer $CUESMITH_KEY" | jq -r .status)" != ended ]; do sleep 2; done
curl -s "$CUESMITH_URL/v1/batches/$BATCH/results" -H "Authorization: Bearer $CUESMITH_KEY" \
  | jq -c '{line, reference, status, ratings: [.candidates[].rating]}'
