// SPDX-License-Identifier: PostgreSQL
#pragma once

// Fill in the check characters of ids (see Check in fake_plan.hpp), by country. `id` has the length
// of its plan and no terminating zero. Internal to core.
namespace gdpr::fake::checks {

bool Nino(char* id);  ///< GB: prefixes never given out
bool Nhs(char* id);   ///< GB, Scotland, Northern Ireland: weights 10 … 2 modulo 11
bool Utr(char* id);   ///< GB: the first digit
bool Ssn(char* id);   ///< US: areas, groups and numbers never given out
bool Itin(char* id);  ///< US: the groups of foreigners' numbers

bool IdNr(char* id);           ///< DE: ISO 7064 MOD 11-10
bool German731(char* id);      ///< DE: identity card and passport, ICAO 9303 weights 7 3 1
bool PensionNumber(char* id);  ///< DE: Versicherungsnummer, VKVV § 4
bool Kvnr(char* id);           ///< DE: Krankenversichertennummer
bool Vnr(char* id);            ///< AT: fourth digit, weights 3 7 9 - 5 8 4 2 1 6 modulo 11
bool LuhnNine(char* id);       ///< AT tax number, FR SIREN

bool Nir(char* id);    ///< FR: 97 less the number modulo 97, 2A as 19 and 2B as 18
bool Spi(char* id);    ///< FR: the last three are the first ten modulo 511
bool Siret(char* id);  ///< FR: SIREN, and Luhn over all fourteen

bool Dni(char* id);        ///< ES: letter of the number modulo 23; K L M and X Y Z before it
bool CifDigit(char* id);   ///< ES: companies, control as a digit
bool CifLetter(char* id);  ///< ES: companies, control as a letter
bool Nss(char* id);        ///< ES: social security, modulo 97

bool CodiceFiscale(char* id);
bool PartitaIva(char* id);  ///< IT: Luhn

bool Bsn(char* id);  ///< NL: the eleven-test

bool Nif(char* id);            ///< PT: weights 9 … 2 modulo 11
bool CartaoCidadao(char* id);  ///< PT: the number's own check and the document's
bool CartaoLoose(char* id);    ///< PT: the document's only

bool Pesel(char* id);
bool Dowod(char* id);       ///< PL: identity card, fourth character
bool PolishPass(char* id);  ///< PL: passport, third character
bool Nip(char* id);
bool Regon9(char* id);
bool Regon14(char* id);

bool Nn19(char* id);  ///< BE: national number of who was born before 2000
bool Nn20(char* id);  ///< BE: since 2000 (with a 2 before it)
bool Kbo(char* id);   ///< BE: enterprise number

bool Uid(char* id);  ///< CH: enterprise number, nine digits
bool Lei(char* id);  ///< ISO 17442: MOD 97-10

}  // namespace gdpr::fake::checks
