curl -s "$CUESMITH_URL/v1/webhook_endpoints" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Content-Type: application/json" \
  -d "{\"url\": \"$HOOK_URL\", \"types\": [\"batch.ended\"]}" | jq -r .secret > hook.secret
