// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE fr
#define GDPR_LISTS kListsFr
#include "fake_lists_of.inc"
