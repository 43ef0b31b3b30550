// SPDX-License-Identifier: PostgreSQL
// Rules of PostgreSQL Anonymizer, said in kinds.
#include <gtest/gtest.h>

#include "batch/anon/anon_rule.hpp"

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
      {"MASKED WITH FUNCTION pg_catalog.upper(x)", "PostgreSQL's own"},
      {"MASKED WITH FUNCTION left(x, 3)", "PostgreSQL's own"},
      {"MASKED WITH VALUE CASE WHEN y THEN NULL ELSE public.f(x) END", "put together"},
      {"MASKED WITH VALUE x + 1", "nor the column's name"},
      {"QUASI IDENTIFIER", "tell people apart"},
      {"INDIRECT IDENTIFIER", "tell people apart"},
      {"MASKED WITH FUNCTION anon.fake_email(", "email"}};
  for (const auto& [label, reason] : unknown) {
    EXPECT_NE(Rule("x", label).find(reason), std::string::npos) << label << " " << Rule("x", label);
  }
}

TEST(AnonRule, what_is_no_columns_has_a_reason_that_says_where_to_look) {
  const auto reason = [](const char* label) { return ProposeRule({{}, "x", label}).reason; };
  EXPECT_NE(reason("MASKED").find("create_masked_view"), std::string::npos);
  EXPECT_NE(reason("TRUSTED").find("never calls"), std::string::npos);
  EXPECT_NE(reason("TABLESAMPLE BERNOULLI(10)").find("--sample"), std::string::npos);
  EXPECT_NE(reason("something else").find("no column's"), std::string::npos);
}

// Every masking function in the manuals of Anonymizer 1.3 and 2.1 that says what it makes.
TEST(AnonRule, every_function_that_makes_something_personal_is_known) {
  const std::pair<const char*, const char*> known[] = {
      {"fake_address()", "address_line"},
      {"fake_city()", "city"},
      {"fake_company()", "company"},
      {"fake_country()", "country"},
      {"fake_first_name()", "first_name"},
      {"fake_iban()", "iban"},
      {"fake_postcode()", "postal_code"},
      {"fake_siret()", "company_registration"},
      {"pseudo_email(id)", "email"},
      {"pseudo_company(id, 'xyz')", "company"},
      {"random_zip()", "postal_code"},
      {"random_phone('+49')", "phone"},
      {"lorem_ipsum( words := 20 )", "free_text"},
      {"partial_email(x)", "email"},
      {"image_blur(x, 5)", "photo"},
      {"dummy_bic()", "bic"},
      {"dummy_building_number()", "street_number"},
      {"dummy_cell_number()", "phone"},
      {"dummy_credit_card_number()", "card_number"},
      {"dummy_file_path()", "file_name"},
      {"dummy_free_email()", "email"},
      {"dummy_health_insurance_code()", "health_id"},
      {"dummy_ipv6()", "ip"},
      {"dummy_licence_plate()", "licence_plate"},
      {"dummy_latitude()", "geo"},
      {"dummy_mac_address()", "mac"},
      {"dummy_name_with_title()", "full_name"},
      {"dummy_position()", "job_title"},
      {"dummy_profession()", "job_title"},
      {"dummy_sentences(2,5)", "free_text"},
      {"dummy_state_abbr()", "region"},
      {"dummy_street_name()", "street"},
      {"dummy_title()", "title"},
      {"dummy_user_agent()", "user_agent"},
      {"dummy_username()", "username"},
      {"dummy_zip_code()", "postal_code"}};
  for (const auto& [function, rule] : known) {
    EXPECT_EQ(Rule("x", std::string("MASKED WITH FUNCTION anon.") + function), rule) << function;
  }
}

TEST(AnonRule, casts_brackets_and_quotes_around_an_expression_change_nothing) {
  for (const char* label :
       {"MASKED WITH FUNCTION \"anon\".\"fake_city\"()",
        "MASKED WITH FUNCTION anon.fake_city()::character varying(20)",
        "MASKED WITH FUNCTION (anon.fake_city())::text",
        "MASKED WITH FUNCTION CAST(anon.fake_city() AS text)", "MASKED WITH VALUE ANON.Fake_City()",
        "masked with function anon.fake_city (  ) -- why"}) {
    EXPECT_EQ(Rule("x", label), "city") << label;
  }
  EXPECT_EQ(Rule("dob", "MASKED WITH FUNCTION anon.dnoise(dob, INTERVAL '1 year 6 mons')"),
            "birth_date fake=shift(545)");
  EXPECT_EQ(Rule("dob", "MASKED WITH FUNCTION anon.dnoise(dob, CAST('30 days' AS interval))"),
            "birth_date fake=shift(30)");
  EXPECT_EQ(Rule("pay", "MASKED WITH VALUE '0'::numeric(10,2)").substr(0, 4), "none");
  EXPECT_EQ(Rule("salary", "MASKED WITH VALUE (-1)::numeric(10,2)"),
            "salary erase=constant('-1') mask=constant('-1') fake=constant('-1')");
  EXPECT_EQ(Rule("notes", "MASKED WITH VALUE CAST(NULL AS text)"),
            "free_text erase=null mask=null fake=null");
  EXPECT_EQ(Rule("dob", "MASKED WITH VALUE DATE '1970-01-01'").substr(0, 10), "birth_date");
}

TEST(AnonRule, what_is_put_together_takes_its_kind_from_the_name_and_then_from_its_parts) {
  const std::string both =
      "MASKED WITH FUNCTION pg_catalog.concat(anon.fake_first_name(), '@', anon.fake_company())";
  EXPECT_EQ(Rule("email", both), "email");
  EXPECT_NE(Rule("x", both).find("PostgreSQL's own"), std::string::npos);
  EXPECT_EQ(Rule("email", "MASKED WITH VALUE anon.fake_first_name() || '@example.com'"), "email");
  EXPECT_EQ(Rule("x", "MASKED WITH FUNCTION pg_catalog.upper(anon.fake_city())"), "city");
  EXPECT_EQ(
      Rule("x", "MASKED WITH VALUE anon.fake_city() || ' (' || anon.dummy_city_name() || ')'"),
      "city");
  // A fixed text beside something else is no constant.
  EXPECT_EQ(Rule("username", "MASKED WITH VALUE 'user_' || anon.random_string(5)"), "username");
  EXPECT_EQ(Rule("username", "MASKED WITH FUNCTION my.mask(username)"), "username");
}

TEST(AnonRule, arguments_say_how_much_is_shown) {
  EXPECT_EQ(Rule("x", "MASKED WITH FUNCTION anon.dummy_last_name_locale('FR_FR')"),
            "last_name fake=fake(fr)");
  EXPECT_EQ(Rule("x", "MASKED WITH FUNCTION anon.dummy_last_name_locale('ja_JP')"), "last_name");
  EXPECT_EQ(Rule("age", "MASKED WITH FUNCTION anon.generalize_int4range(age, 10)"),
            "age generalize=bucket(10)");
  EXPECT_EQ(Rule("dob", "MASKED WITH FUNCTION anon.generalize_tsrange(dob, 'decade')"),
            "birth_date generalize=constant");
  EXPECT_EQ(Rule("email", "MASKED WITH FUNCTION anon.hash(email)"), "email");
  EXPECT_EQ(Rule("email", "MASKED WITH FUNCTION anon.digest(email, 'salt', 'sha256')"), "email");
  EXPECT_EQ(Rule("salary", "MASKED WITH FUNCTION anon.noise(salary, 0.33::float)"),
            "salary fake=noise(33)");
  EXPECT_EQ(Rule("salary", "MASKED WITH FUNCTION anon.noise(salary, ratio)"), "salary");
}

TEST(AnonRule, not_masked_is_not_personal_only_where_the_name_does_not_say_otherwise) {
  EXPECT_EQ(Rule("status", "NOT MASKED"), "not_personal");
  EXPECT_NE(Rule("work_email", "NOT MASKED").find("its name says email"), std::string::npos);
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

TEST(AnonRule, a_script_written_by_hand_or_on_windows_is_read_too) {
  const auto labels = ReadAnonLabels(
      "COPY t (a) FROM stdin;\r\n"
      "SECURITY LABEL FOR anon ON COLUMN t.a IS 'MASKED WITH VALUE NULL';\r\n"
      "\\.\r\n"
      "\tSecurity\tLabel for anon\r\n  on column t.email is 'MASKED WITH VALUE NULL';\r\n"
      "-- SECURITY LABEL FOR anon ON COLUMN t.b IS 'MASKED WITH VALUE NULL';\r\n"
      "SECURITY LABEL FOR anon ON FUNCTION outfit.mask(integer, text) IS 'TRUSTED';\r\n"
      "SECURITY LABEL FOR anon ON TABLE public.people IS 'TABLESAMPLE SYSTEM(33)';\r\n"
      "SECURITY LABEL FOR anon ON SCHEMA \"Out Fit\" IS 'TRUSTED';",
      "anon");
  ASSERT_EQ(labels.size(), 4U);
  EXPECT_EQ(labels[0].column, (std::vector<std::string>{"t", "email"}));
  EXPECT_EQ(labels[1].object, "function outfit.mask(integer, text)");
  EXPECT_EQ(labels[2].object, "table public.people");
  EXPECT_EQ(labels[3].object, "schema Out Fit");
}

TEST(AnonRule, the_statement_quotes_what_must_be_quoted) {
  EXPECT_EQ(ClassifyStatement({{"Crm", "a \"b", "it's"}, "", ""}, "city erase=constant('x')"),
            "SELECT gdpr.classify('\"Crm\".\"a \"\"b\"', 'it''s', 'city erase=constant(''x'')');");
  EXPECT_EQ(ClassifyStatement({{"contact", "email"}, "", ""}, "email"),
            "SELECT gdpr.classify('contact', 'email', 'email');");
}

}  // namespace
}  // namespace gdpr::batch
