curl -s "$CUESMITH_URL/v1/batches/$BATCH/package?files=masters" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o spring-2027.zip
unzip -l spring-2027.zip
curl -s "$CUESMITH_URL/v1/batches/$BATCH/statement?format=csv" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o spring-2027.csv
