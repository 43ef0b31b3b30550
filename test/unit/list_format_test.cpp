// SPDX-License-Identifier: PostgreSQL
// Lists as the programs write them that people leave: Act!, Mailchimp, listmonk, MailUp, promio and
// others, with fictitious rows.
#include "core/list_format.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"
#include "core/list_encoding.hpp"
#include "core/list_names.hpp"

namespace gdpr {
namespace {

/// "delimiter column kind header", for example "; 2 address mail"; what is wrong if nothing is.
std::string Found(std::string_view list, const ListHints& hints = {}, bool whole = true) {
  try {
    const ListFormat format = DetectFormat(list, whole, hints);
    const char delimiter = format.dialect.delimiter;
    std::string found = delimiter == '\0' ? "none" : std::string(1, delimiter);
    if (delimiter == '\t') found = "tab";
    found += " " + std::to_string(format.column + 1) + " " + std::string(NameOf(format.kind));
    if (format.skip > 0) found += " skip " + std::to_string(format.skip);
    return found + (format.column_name.empty() ? "" : " " + format.column_name);
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate, "22023");
    EXPECT_FALSE(error.hint.empty());
    return error.detail;
  }
}

constexpr ListHints kPhones{.sort = AddressSort::kPhone};
constexpr const char* kNothing =
    "No column holds addresses of this channel, domains, or digests of 32, 40 or 64 hexadecimal "
    "digits.";

TEST(ListFormat, ListsOfPlainAddresses) {
  EXPECT_EQ(Found("Anna.Schmidt@example.de\r\n  bob@example.com \r\nnot-an-address\r\n\r\n"),
            "none 1 address");
  EXPECT_EQ(Found("Email\r\n\"bounce1@example.com\"\r\nbounce2@example.com\r\n"),
            "none 1 address skip 1 Email");
  EXPECT_EQ(Found("one@example.com"), "none 1 address");
  EXPECT_EQ(Found("not-an-address\none@example.com\n"), "none 1 address")
      << "a bad first line is no header, and is reported";
  EXPECT_EQ(Found("one@example.com\nnot-an-address\n"), "none 1 address");
  EXPECT_EQ(Found("a@example.com\rb@example.com\rc@example.com\r"), "none 1 address");
}

TEST(ListFormat, ListsOfMailers) {
  EXPECT_EQ(Found("\"Email Address\",\"First Name\",Address,NOTES\n"
                  "anna@example.de,Anna,\"Hauptstr. 5  Berlin\",\n"
                  "bob@example.com,,,\"said \"\"stop\"\"\nsecond line\"\n"),
            ", 1 address skip 1 Email Address");
  EXPECT_EQ(Found("email,name,attributes\nanna@example.de,Anna,\"{\"\"city\"\": \"\"B\"\"}\"\n"),
            ", 1 address skip 1 email");
  EXPECT_EQ(Found("Email;PhoneNumber;idList;OptOut_Date\nanna@example.de;+49305550100;1;2011\n"),
            "; 1 address skip 1 Email");
  EXPECT_EQ(Found("\"ts\";\"mail\";\"custID\"\n\"2012-07-07\";\"anna@example.de\";\"C\"\n"),
            "; 2 address skip 1 mail");
  EXPECT_EQ(Found("CONTACT ID,EMAIL,SMS,ADDED_TIME\n1,anna@example.de,4930555,01-02-2024\n"),
            ", 2 address skip 1 EMAIL");
  EXPECT_EQ(Found("Kundennr.\tE-Mail-Adresse\n17\tanna@example.de\n"),
            "tab 2 address skip 1 E-Mail-Adresse");
  EXPECT_EQ(Found("nom|courriel\nAnna|anna@example.fr\n"), "| 2 address skip 1 courriel");
  EXPECT_EQ(Found("sep=;\r\nNombre;Correo electr\xC3\xB3nico\r\nAna;ana@example.es\r\n"),
            "; 2 address skip 2 Correo electr\xC3\xB3nico");
  EXPECT_EQ(Found("address,code,error\nanna@example.de,550,\"no, gone\"\n"),
            ", 1 address skip 1 address");
}

TEST(ListFormat, DigestsAndDomains) {
  EXPECT_EQ(Found("eb22f95d2cfd2fbdcd8e0531fdeee725\n4b9bb80620f03eb3719e0a061c14283d\n"),
            "none 1 md5");
  EXPECT_EQ(Found("hash\n" + std::string(40, 'a') + "\n" + std::string(40, 'b') + "\n"),
            "none 1 sha1");
  EXPECT_EQ(Found("id;sha256\n1;" + std::string(64, 'a') + "\n"), "; 2 sha256 skip 1 sha256");
  EXPECT_EQ(Found("@example.com\n.example.fr\nexample.de\n"), "none 1 domain");
  EXPECT_EQ(Found("email,md5\nanna@example.de,eb22f95d2cfd2fbdcd8e0531fdeee725\n"),
            ", 1 address skip 1 email");
  EXPECT_EQ(Found("email,md5\nanna@example.de,eb22f95d2cfd2fbdcd8e0531fdeee725\n",
                  {.kind = ListKind::kMd5}),
            ", 2 md5 skip 1 md5");
  EXPECT_EQ(Found("eb22f95d2cfd2fbdcd8e0531fdeee725\n", {.plain = true}), kNothing);
}

TEST(ListFormat, EmptyListsAreLists) {
  EXPECT_EQ(Found(""), "none 1 address");
  EXPECT_EQ(Found("\r\n \r\n"), "none 1 address");
  EXPECT_EQ(Found("name,email\n"), ", 2 address skip 1 email");
  EXPECT_EQ(Found("E-Mail"), "none 1 address skip 1 E-Mail");
}

TEST(ListFormat, Hints) {
  const std::string two =
      "Private,Work\na@example.com,b@example.com\nc@example.com,d@example.com\n";
  EXPECT_EQ(Found(two), "Columns 1 and 2 may both be meant.");
  EXPECT_EQ(Found(two, {.column = "work"}), ", 2 address skip 1 work");
  EXPECT_EQ(Found(two, {.column = "2"}), ", 2 address");
  EXPECT_EQ(Found(two, {.column = "mobile"}), "It has no column of that name or number.");
  EXPECT_EQ(Found(two, {.column = "3"}), "It has no column of that name or number.");
  EXPECT_EQ(Found("a@example.com^x\n", {.delimiter = '^'}), "^ 1 address");
  EXPECT_EQ(Found("Kunde,Wohin\nAnna,anna@example.de\n"), ", 2 address skip 1")
      << "a header of unknown names";
}

TEST(ListFormat, WhatIsNotUnderstoodIsRefused) {
  EXPECT_EQ(Found("a,b\n1,2\n"), kNothing);
  EXPECT_EQ(Found("\"a\n\"b\n"), kNothing);
  EXPECT_EQ(Found("email\nanna\nbob\n"), kNothing) << "names under a heading of addresses";
  EXPECT_EQ(Found(std::string(5000, 'x'), {}, false), kNothing);
  EXPECT_EQ(Found("address,city\n1 Road,Town\n2 Road,Town\n"), kNothing);
}

TEST(ListFormat, OtherChannels) {
  EXPECT_EQ(Found("Email;PhoneNumber\nanna@example.de;+49305550100\n", kPhones),
            "; 2 address skip 1 PhoneNumber");
  EXPECT_EQ(Found("+49 30 5550100\n0171/5550100\n", kPhones), "none 1 address");
  EXPECT_EQ(Found("Main St 1, Town\n", {.sort = AddressSort::kText}), "none 1 address");
}

TEST(ListFormat, NamesAreComparedWithoutCaseAccentsAndPunctuation) {
  EXPECT_EQ(PlainName("E-Mail_Adresse:"), "emailadresse");
  EXPECT_EQ(PlainName("Correo electr\xC3\xB3nico"), "correoelectronico");
  for (const char* name :
       {"Email", "E-MAIL", "EMAIL ADDRESS", "Mailadresse", "courriel", "correo", "E-Mail-Adresse",
        "Indirizzo email", "E-postadress", "S\xC3\xA4hk\xC3\xB6posti", "Adresse e-mail",
        "Correio eletr\xC3\xB4nico", "Empf\xC3\xA4nger"}) {
    EXPECT_TRUE(KnownColumn(PlainName(name), AddressSort::kEmail)) << name;
  }
  for (const char* name : {"", "name", "email_status", "emailtype", "phone"}) {
    EXPECT_FALSE(KnownColumn(PlainName(name), AddressSort::kEmail)) << name;
  }
}

}  // namespace
}  // namespace gdpr
