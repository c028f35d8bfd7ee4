{#- The strategy of marts that are built anew each time: what is no longer so goes and what is new comes, in one
    transaction; the many rows that are as they were stay untouched. Neither drop nor truncate, so that whoever still
    reads the rows of before goes on seeing them (decision 0010). -#}
{% macro get_incremental_replace_sql(arguments) -%}
    {%- set target = arguments['target_relation'] -%}
    {%- set built = arguments['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }} as known
    where not exists (
        select from {{ built }} as built where {{ same_row('built', 'known', arguments['dest_columns']) }}
    );

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ built }} as built
    where not exists (
        select from {{ target }} as known where {{ same_row('built', 'known', arguments['dest_columns']) }}
    );

    {# A row that stands twice in one and once in the other is in both: such a mart is written whole. -#}
    delete from {{ target }}
    where (select count(*) from {{ target }}) <> (select count(*) from {{ built }});

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ built }}
    where not exists (select from {{ target }});
{%- endmacro %}
