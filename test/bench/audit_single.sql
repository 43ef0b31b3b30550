\set n random(1, :rows)
UPDATE audit.person SET updated_at = now(), visits = visits + 1, status = 'seen' || :n WHERE id = :n;
