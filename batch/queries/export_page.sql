SELECT message, channel, address, token, merge FROM gdpr.run_export($1, $2)
