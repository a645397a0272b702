curl -s "$CUESMITH_URL/.well-known/content-credentials.pem" -o root.pem
