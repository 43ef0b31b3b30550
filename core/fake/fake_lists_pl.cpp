// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE pl
#define GDPR_LISTS kListsPl
#define GDPR_LAST_NAMES_BY_GENDER
#include "fake_lists_of.inc"
