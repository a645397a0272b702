BATCH=$(curl -s "$CUESMITH_URL/v1/batches?name=spring-2027&max_tokens=100" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: spring-2027" \
  -H "Content-Type: application/jsonl" --data-binary @catalogue.jsonl | jq -r .id)
echo "$BATCH"
