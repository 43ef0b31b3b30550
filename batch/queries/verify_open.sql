-- The whole log with one snapshot; a cursor keeps this program's memory flat.
DECLARE audit_lines NO SCROLL CURSOR FOR SELECT gdpr.export_audit()
