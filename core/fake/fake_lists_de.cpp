// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE de
#define GDPR_LISTS kListsDe
#include "fake_lists_of.inc"
