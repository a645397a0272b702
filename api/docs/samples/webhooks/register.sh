curl -s "$CUESMITH_URL/v1/webhook_endpoints" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Content-Type: application/json" \
  -d "{\"url\": \"$HOOK_URL\", \"types\": [\"candidate.ready\", \"webhook_endpoint.test\"]}" \
  > endpoint.json
jq -r .secret endpoint.json > hook.secret
ENDPOINT=$(jq -r .endpoint.id endpoint.json)
