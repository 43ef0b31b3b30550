// SPDX-License-Identifier: PostgreSQL
// Sources and licences: core/fake/data/README.md and core/fake/data/LICENSE.
#include "fake_lists.hpp"

namespace gdpr::fake {
namespace {

// clang-format off
constexpr char kFirstNamesFemale[] =
#include "data/pt_first_names_female.inc"
;
constexpr char kFirstNamesMale[] =
#include "data/pt_first_names_male.inc"
;
constexpr char kLastNames[] =
#include "data/pt_last_names.inc"
;
constexpr char kTitlesFemale[] =
#include "data/pt_titles_female.inc"
;
constexpr char kTitlesMale[] =
#include "data/pt_titles_male.inc"
;
constexpr char kNationalities[] =
#include "data/pt_nationalities.inc"
;
constexpr char kMaritalStates[] =
#include "data/pt_marital_states.inc"
;
constexpr char kStreets[] =
#include "data/pt_streets.inc"
;
constexpr char kCities[] =
#include "data/pt_cities.inc"
;
constexpr char kRegions[] =
#include "data/pt_regions.inc"
;
constexpr char kCountries[] =
#include "data/pt_countries.inc"
;
constexpr char kCompanyWords[] =
#include "data/pt_company_words.inc"
;
constexpr char kCompanyForms[] =
#include "data/pt_company_forms.inc"
;
constexpr char kJobs[] =
#include "data/pt_jobs.inc"
;
constexpr char kNouns[] =
#include "data/pt_nouns.inc"
;
constexpr char kSentences[] =
#include "data/pt_sentences.inc"
;
constexpr char kHealth[] =
#include "data/pt_health.inc"
;
constexpr char kReligions[] =
#include "data/pt_religions.inc"
;
constexpr char kEthnicities[] =
#include "data/pt_ethnicities.inc"
;
constexpr char kPolitics[] =
#include "data/pt_politics.inc"
;
constexpr char kUnions[] =
#include "data/pt_unions.inc"
;
constexpr char kSexualities[] =
#include "data/pt_sexualities.inc"
;
constexpr char kOffences[] =
#include "data/pt_offences.inc"
;
// clang-format on

}  // namespace

constinit const Lists kListsPt = {
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
