FETCH 500 FROM audit_lines
