SELECT enumtypid, enumlabel FROM pg_enum WHERE enumtypid = ANY ($1::oid[]) ORDER BY enumtypid, enumsortorder
