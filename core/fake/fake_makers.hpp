// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "fake.hpp"

// The maker of each kind, by the file it lives in.
namespace gdpr::fake {

// fake_names.cpp
void FirstName(const Call& call);
void MiddleName(const Call& call);
void LastName(const Call& call);
void FullName(const Call& call);
void Title(const Call& call);
void Gender(const Call& call);
void BirthPlace(const Call& call);
void Nationality(const Call& call);
void MaritalStatus(const Call& call);

// fake_contact.cpp
void Email(const Call& call);
void Username(const Call& call);
void Url(const Call& call);
void SocialHandle(const Call& call);

// fake_address.cpp
void Street(const Call& call);
void StreetNumber(const Call& call);
void AddressLine(const Call& call);
void City(const Call& call);
void Region(const Call& call);
void Country(const Call& call);
void PoBox(const Call& call);

// fake_company.cpp
void Company(const Call& call);
void JobTitle(const Call& call);

// fake_content.cpp
void FreeText(const Call& call);
void FileName(const Call& call);
void SearchCopy(const Call& call);
void Health(const Call& call);
void Religion(const Call& call);
void Ethnicity(const Call& call);
void Politics(const Call& call);
void Union(const Call& call);
void Sexuality(const Call& call);
void Criminal(const Call& call);

// fake_iban.cpp
void Iban(const Call& call);

// fake_bank.cpp
void Bic(const Call& call);
void BankAccount(const Call& call);
void AccountNumber(const Call& call);
void BankName(const Call& call);
void MandateRef(const Call& call);

// fake_card.cpp
void CardNumber(const Call& call);
void CardExpiry(const Call& call);

// fake_phone.cpp
void Phone(const Call& call);

// fake_government.cpp
void NationalId(const Call& call);
void Passport(const Call& call);
void TaxId(const Call& call);
void VatId(const Call& call);
void DriverLicence(const Call& call);
void HealthId(const Call& call);
void CompanyRegistration(const Call& call);

// fake_plate.cpp, fake_postcode.cpp
void LicencePlate(const Call& call);
void PostalCode(const Call& call);

// fake_online.cpp
void Ip(const Call& call);
void Mac(const Call& call);
void UserAgent(const Call& call);
void DeviceId(const Call& call);
void ExternalId(const Call& call);

// fake_typed.cpp
void BirthDate(const Call& call);  // in text
void Age(const Call& call);
void Salary(const Call& call);
void Geo(const Call& call);
void ProfileJson(const Call& call);
void ProfileXml(const Call& call);

}  // namespace gdpr::fake
