-- The rules of columns ($2) of relations ($1, their numbers), by their place in the list.
SELECT k.place, gdpr.effective_rule(k.relation::oid::regclass, k.name)
FROM unnest($1::bigint[], $2::name[]) WITH ORDINALITY AS k (relation, name, place)
