// SPDX-License-Identifier: PostgreSQL
// Rules of PostgreSQL Anonymizer, said in kinds.
#include <gtest/gtest.h>

#include "batch/anon_rule.hpp"

namespace gdpr::batch {
namespace {

std::string Rule(const std::string& column, const std::string& label) {
  const AnonProposal proposal = ProposeRule({{"crm", "contact", column}, "", label});
  return proposal.rule.empty() ? "none: " + proposal.reason : proposal.rule;
}

TEST(AnonRule, a_function_that_says_what_a_column_holds_becomes_its_kind) {
  const std::pair<const char*, const char*> known[] = {
      {"MASKED WITH FUNCTION anon.fake_email()", "email"},
      {"MASKED WITH FUNCTION anon.fake_last_name()", "last_name"},
      {"MASKED WITH FUNCTION anon.pseudo_first_name(id, 'salt')", "first_name"},
      {"MASKED WITH FUNCTION anon.dummy_company_name_locale('fr_FR')", "company fake=fake(fr)"},
      {"MASKED WITH FUNCTION anon.dummy_company_name()", "company"},
      {"MASKED WITH FUNCTION anon.random_phone('+33')", "phone"},
      {"MASKED WITH FUNCTION anon.fake_iban()", "iban"},
      {"MASKED WITH FUNCTION anon.lorem_ipsum( paragraphs := 4 )", "free_text"},
      {"  masked\n with function anon.partial_email(x)", "email"},
      {"NOT MASKED", "not_personal"}};
  for (const auto& [label, rule] : known) {
    EXPECT_EQ(Rule("x", label).substr(0, std::string(rule).size()), rule) << label;
  }
}

TEST(AnonRule, a_function_that_says_how_much_is_shown_takes_the_kind_from_the_columns_name) {
  EXPECT_EQ(Rule("home_phone", "MASKED WITH FUNCTION anon.partial(home_phone,2,$$******$$,2)"),
            "phone mask=partial(2,2)");
  EXPECT_EQ(Rule("birthDate", "MASKED WITH FUNCTION anon.dnoise(birthDate, '2 years'::interval)"),
            "birth_date fake=shift(730)");
  EXPECT_EQ(Rule("salary", "MASKED WITH FUNCTION anon.noise(salary, 0.25)"),
            "salary fake=noise(25)");
  EXPECT_EQ(Rule("SSN", "MASKED WITH FUNCTION pg_catalog.md5(ssn)"), "national_id");
  EXPECT_EQ(Rule("dob", "MASKED WITH FUNCTION anon.generalize_daterange(dob, 'month')"),
            "birth_date generalize=month");
  EXPECT_EQ(Rule("billing_postal_code", "MASKED WITH FUNCTION anon.random_string(5)"),
            "postal_code");
}

TEST(AnonRule, a_value_becomes_a_constant_or_null_of_the_kind_that_the_name_says) {
  EXPECT_EQ(Rule("last_name", "MASKED WITH VALUE $$CONFIDENTIAL$$"),
            "last_name erase=constant('CONFIDENTIAL') mask=constant('CONFIDENTIAL') "
            "fake=constant('CONFIDENTIAL')");
  EXPECT_EQ(Rule("notes", "MASKED WITH VALUE NULL"), "free_text erase=null mask=null fake=null");
  EXPECT_EQ(Rule("last_name", "MASKED WITH VALUE 'O''Hara'").substr(0, 36),
            "last_name erase=constant('O''Hara') ");
}

TEST(AnonRule, what_cannot_be_said_has_its_reason_and_is_never_guessed) {
  const std::pair<const char*, const char*> unknown[] = {
      {"MASKED WITH FUNCTION anon.partial(x,1,$$*$$,1)", "nor the column's name"},
      {"MASKED WITH FUNCTION public.my_mask(x)", "a function of your own"},
      {"MASKED WITH VALUE NULL", "nor the column's name"},
      {"MASKED WHEN x IS NULL", "its form is not known"},
      {"", "its form is not known"},
      {"MASKED WITH FUNCTION anon.fake_email(", "email"}};
  for (const auto& [label, reason] : unknown) {
    EXPECT_NE(Rule("x", label).find(reason), std::string::npos) << label << " " << Rule("x", label);
  }
  EXPECT_NE(ProposeRule({{}, "role bob", "MASKED"}).reason.find("no column's"), std::string::npos);
}

TEST(AnonRule, a_constant_that_no_rule_takes_leaves_the_kind) {
  EXPECT_EQ(Rule("city", "MASKED WITH VALUE '" + std::string(2000, 'x') + "'"), "city");
}

TEST(AnonRule, labels_are_found_in_a_script_of_pg_dump_and_not_in_its_data) {
  const auto labels = ReadAnonLabels(
      "CREATE TABLE crm.contact (email text);\n"
      "COPY crm.contact (email) FROM stdin;\n"
      "SECURITY LABEL FOR anon ON COLUMN crm.contact.email IS 'MASKED WITH VALUE NULL';\n"
      "it's open\n\\.\n\n"
      "SECURITY LABEL FOR anon ON COLUMN crm.contact.email IS 'MASKED WITH FUNCTION "
      "anon.fake_email()';\n"
      "SECURITY LABEL FOR anon ON COLUMN \"Crm\".\"a \"\"b\".c IS 'MASKED WITH VALUE $$two\n"
      "lines$$';\n"
      "SECURITY LABEL FOR gdpr ON COLUMN crm.contact.email IS 'email';\n"
      "SECURITY LABEL FOR anon ON ROLE bob IS 'MASKED';\n"
      "SECURITY LABEL FOR anon ON COLUMN crm.contact.email IS NULL;\n"
      "SECURITY LABEL FOR anon ON COLUMN crm.contact",
      "anon");
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels[0].column, (std::vector<std::string>{"crm", "contact", "email"}));
  EXPECT_EQ(labels[0].label, "MASKED WITH FUNCTION anon.fake_email()");
  EXPECT_EQ(labels[1].column, (std::vector<std::string>{"Crm", "a \"b", "c"}));
  EXPECT_TRUE(labels[2].column.empty());
  EXPECT_EQ(labels[2].object, "role bob");
}

TEST(AnonRule, the_statement_quotes_what_must_be_quoted) {
  EXPECT_EQ(ClassifyStatement({{"Crm", "a \"b", "it's"}, "", ""}, "city erase=constant('x')"),
            "SELECT gdpr.classify('\"Crm\".\"a \"\"b\"', 'it''s', 'city erase=constant(''x'')');");
  EXPECT_EQ(ClassifyStatement({{"contact", "email"}, "", ""}, "email"),
            "SELECT gdpr.classify('contact', 'email', 'email');");
}

}  // namespace
}  // namespace gdpr::batch
