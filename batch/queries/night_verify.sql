SELECT from_seal, to_seal, bad, finding FROM gdpr.night_verify($1, $2)
