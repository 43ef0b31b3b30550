UPDATE crm.contact SET
  first_name = gdpr.anonymize(first_name, 'first_name'), last_name = gdpr.anonymize(last_name, 'last_name'),
  email = gdpr.anonymize(email, 'email unique'), phone = gdpr.anonymize(phone, 'phone'),
  mobile = gdpr.anonymize(mobile, 'phone'), birth_date = gdpr.anonymize(birth_date, 'birth_date'),
  gender = gdpr.anonymize(gender, 'gender'), street = gdpr.anonymize(street, 'street'),
  city = gdpr.anonymize(city, 'city'), postal_code = gdpr.anonymize(postal_code, 'postal_code'),
  country = gdpr.anonymize(country, 'country'), national_id = gdpr.anonymize(national_id, 'national_id'),
  iban = gdpr.anonymize(iban, 'iban'), company = gdpr.anonymize(company, 'company'),
  note = gdpr.anonymize(note, 'free_text')
