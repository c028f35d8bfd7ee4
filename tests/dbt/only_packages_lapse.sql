-- Assumes that what is sold as several sessions is of a type that seeds/service_types.csv calls a package.
-- If it fails, the platform's breakage stands under a type of which nothing can lapse.

with

package_types as (

    select service_type
    from {{ ref('service_types') }}
    where kind = 'package'

)

select
    month_on,
    currency,
    service_type,
    breakage_cents
from {{ ref('platform_revenue') }}
where
    breakage_cents <> 0
    and service_type not in (select package_types.service_type from package_types)
