-- SPDX-License-Identifier: PostgreSQL

--| Who was given which bundle; granted again at each update, so that new functions follow.
CREATE TABLE gdpr_internal.bundle_grant (
  bundle text NOT NULL,
  role   name NOT NULL,
  PRIMARY KEY (bundle, role)
);
COMMENT ON TABLE gdpr_internal.bundle_grant IS
  'Roles that were given a bundle of rights; applied again at each update of the extension';
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.bundle_grant', '');
