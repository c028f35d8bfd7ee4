-- The slot that the next build works in: the one that the newest published mart does not lie in.

select
    case
        when (
            select builds.slot
            from staging.published_marts as published
            inner join staging.mart_builds as builds
                on published.mart = builds.mart and published.slot = builds.slot
            order by builds.built_at desc
            limit 1
        ) = 'marts_a' then 'marts_b'
        else 'marts_a'
    end as slot
