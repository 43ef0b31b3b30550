// SPDX-License-Identifier: PostgreSQL
// Sources and licences: core/fake/data/README.md and core/fake/data/LICENSE.
#include "fake_lists.hpp"

namespace gdpr::fake {
namespace {

// clang-format off
constexpr char kFirstNamesFemale[] =
#include "data/de_first_names_female.inc"
;
constexpr char kFirstNamesMale[] =
#include "data/de_first_names_male.inc"
;
constexpr char kLastNames[] =
#include "data/de_last_names.inc"
;
constexpr char kTitlesFemale[] =
#include "data/de_titles_female.inc"
;
constexpr char kTitlesMale[] =
#include "data/de_titles_male.inc"
;
constexpr char kNationalities[] =
#include "data/de_nationalities.inc"
;
constexpr char kMaritalStates[] =
#include "data/de_marital_states.inc"
;
constexpr char kStreets[] =
#include "data/de_streets.inc"
;
constexpr char kCities[] =
#include "data/de_cities.inc"
;
constexpr char kRegions[] =
#include "data/de_regions.inc"
;
constexpr char kCountries[] =
#include "data/de_countries.inc"
;
constexpr char kCompanyWords[] =
#include "data/de_company_words.inc"
;
constexpr char kCompanyForms[] =
#include "data/de_company_forms.inc"
;
constexpr char kJobs[] =
#include "data/de_jobs.inc"
;
constexpr char kNouns[] =
#include "data/de_nouns.inc"
;
constexpr char kSentences[] =
#include "data/de_sentences.inc"
;
constexpr char kHealth[] =
#include "data/de_health.inc"
;
constexpr char kReligions[] =
#include "data/de_religions.inc"
;
constexpr char kEthnicities[] =
#include "data/de_ethnicities.inc"
;
constexpr char kPolitics[] =
#include "data/de_politics.inc"
;
constexpr char kUnions[] =
#include "data/de_unions.inc"
;
constexpr char kSexualities[] =
#include "data/de_sexualities.inc"
;
constexpr char kOffences[] =
#include "data/de_offences.inc"
;
// clang-format on

}  // namespace

constinit const Lists kListsDe = {
    .first_names_female = kListOf<kFirstNamesFemale>,
    .first_names_male = kListOf<kFirstNamesMale>,
    .last_names_female = kListOf<kLastNames>,
    .last_names_male = kListOf<kLastNames>,
    .titles_female = kListOf<kTitlesFemale>,
    .titles_male = kListOf<kTitlesMale>,
    .nationalities = kListOf<kNationalities>,
    .marital_states = kListOf<kMaritalStates>,
    .streets = kListOf<kStreets>,
    .cities = kListOf<kCities>,
    .regions = kListOf<kRegions>,
    .countries = kListOf<kCountries>,
    .company_words = kListOf<kCompanyWords>,
    .company_forms = kListOf<kCompanyForms>,
    .jobs = kListOf<kJobs>,
    .nouns = kListOf<kNouns>,
    .sentences = kListOf<kSentences>,
    .health = kListOf<kHealth>,
    .religions = kListOf<kReligions>,
    .ethnicities = kListOf<kEthnicities>,
    .politics = kListOf<kPolitics>,
    .unions = kListOf<kUnions>,
    .sexualities = kListOf<kSexualities>,
    .offences = kListOf<kOffences>,
};

}  // namespace gdpr::fake
