curl -s -X POST "$CUESMITH_URL/v1/webhook_endpoints/$ENDPOINT/rotate_secret" \
  -H "Authorization: Bearer $CUESMITH_KEY" | jq -r .secret > hook.secret
curl -s -X POST "$CUESMITH_URL/v1/events/$EVENT/redeliver" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Content-Type: application/json" -d '{}' | jq -r .id
