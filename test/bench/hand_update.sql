UPDATE crm.contact SET
  first_name = 'Anonymized', last_name = 'Anonymized', email = 'anonymized-' || to_hex((random() * 1e18)::bigint) || '@anonymized.invalid',
  phone = 'Anonymized', mobile = 'Anonymized', birth_date = '1900-01-01', gender = 'Anonymized',
  street = 'Anonymized', city = 'Anonymized', postal_code = 'Anonymized', country = 'Anonymized',
  national_id = 'Anonymized', iban = 'Anonymized', company = 'Anonymized', note = 'Anonymized'
