-- SPDX-License-Identifier: PostgreSQL
-- Who may be processed for a purpose at a time, computed from what was recorded, by nothing that the product
-- computes it with. This is the specification in one query; the masks must say the same.
CREATE FUNCTION t.allowed(kind text, wanted text, at timestamptz, to_change boolean) RETURNS SETOF text
LANGUAGE sql STABLE SET enable_nestloop = off SET jit = off AS $$
  WITH p AS (SELECT * FROM gdpr_internal.purpose WHERE purpose = wanted),
  c AS (SELECT mode FROM gdpr_internal.consent_setting WHERE subject_type = kind),
  -- a lapsed acceptance is no answer
  decision AS (
    SELECT s.subject_key, s.purpose, s.updated_at, a.action,
      CASE WHEN s.state = 'accepted' AND s.valid_until <= at THEN 'pending' ELSE s.state END AS state
    FROM gdpr_internal.consent_state AS s
    LEFT JOIN LATERAL (
      SELECT x.action FROM gdpr_internal.consent_action AS x
      WHERE x.subject_type = kind AND x.state = s.state AND x.purpose IN (s.purpose, '')
      ORDER BY x.purpose DESC LIMIT 1) AS a ON true
    WHERE s.subject_type = kind),
  -- of purposes that rest on consent, and in general
  stopped AS (
    SELECT DISTINCT d.subject_key FROM decision AS d LEFT JOIN gdpr_internal.purpose AS q USING (purpose)
    WHERE d.state IN ('rejected', 'withdrawn') AND d.action IN ('none', 'anonymize')
      AND (d.purpose = '' OR q.lawful_basis = 'consent')),
  basis AS (
    SELECT b.subject_key, bool_or(b.lawful_basis IN ('contract', 'legal_obligation', 'vital_interests')) AS firm
    FROM gdpr_internal.basis AS b
    WHERE b.subject_type = kind AND b.purpose = wanted AND b.valid_from <= at AND at < b.valid_until GROUP BY 1),
  person AS (
    SELECT x.key, 
      -- a general acceptance lasts no longer than one for the purpose would
      coalesce(own.state, CASE WHEN general.state = 'accepted' AND general.updated_at + p.validity <= at THEN 'pending' ELSE general.state END,
        'pending') AS state,
      stopped.subject_key IS NOT NULL AND c.mode = 'crmcom' AS stopped,
      r.subject_key IS NOT NULL AS restricted, o.subject_key IS NOT NULL AS objects,
      basis.subject_key IS NOT NULL AS has_basis, coalesce(basis.firm, false) AS has_firm_basis
    FROM t.person AS x CROSS JOIN p CROSS JOIN c
    LEFT JOIN decision AS own ON own.subject_key = x.key AND own.purpose = wanted
    LEFT JOIN decision AS general ON general.subject_key = x.key AND general.purpose = ''
      AND (c.mode = 'crmcom' OR general.updated_at > p.declared_at)
    LEFT JOIN stopped ON stopped.subject_key = x.key
    LEFT JOIN gdpr_internal.restriction AS r ON r.subject_type = kind AND r.subject_key = x.key
    LEFT JOIN gdpr_internal.objection AS o ON o.subject_type = kind AND o.subject_key = x.key AND o.purpose = wanted AND NOT o.overruled
    LEFT JOIN basis ON basis.subject_key = x.key
    WHERE x.subject_type = kind)
  SELECT x.key
  FROM person AS x CROSS JOIN p CROSS JOIN c
  WHERE CASE
    WHEN wanted = 'administration' THEN true
    WHEN x.restricted THEN false
    WHEN to_change AND x.stopped AND p.lawful_basis <> 'legal_obligation' THEN false
    WHEN x.objects THEN x.has_firm_basis AND NOT p.marketing
    WHEN p.lawful_basis <> 'consent' OR x.has_basis THEN true
    WHEN x.stopped THEN false
    WHEN x.state = 'accepted' THEN true
    WHEN c.mode = 'strict' THEN false
    WHEN x.state = 'pending' THEN true
    ELSE coalesce((SELECT a.action FROM gdpr_internal.consent_action AS a
      WHERE a.subject_type = kind AND a.state = x.state AND a.purpose IN (wanted, '') ORDER BY a.purpose DESC LIMIT 1), 'full') = 'full'
  END
$$;
