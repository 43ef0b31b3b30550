SELECT key_fingerprint FROM gdpr.run_handshake()
