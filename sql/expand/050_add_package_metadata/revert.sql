alter table public.payments_order drop column if exists package_metadata;
