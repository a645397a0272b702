EVENT=$(curl -s -X POST "$CUESMITH_URL/v1/webhook_endpoints/$ENDPOINT/test" \
  -H "Authorization: Bearer $CUESMITH_KEY" | jq -r .id)
sleep 2
curl -s "$CUESMITH_URL/v1/events/$EVENT" -H "Authorization: Bearer $CUESMITH_KEY" \
  | jq -c '.deliveries[] | {state, tries, status, error}'
