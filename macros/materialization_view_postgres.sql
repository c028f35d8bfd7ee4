{#- A view, left as it is where it already says the same. dbt's own puts a new one in its place each time: it would
    wait for every dashboard that has read the view and stays in its transaction, make those that come later wait
    behind it, and take along the views of others that hang on it (decision 0010). -#}
{% materialization view, adapter='postgres' -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set candidate = make_intermediate_relation(target_relation) -%}
    {%- set former = make_backup_relation(target_relation, 'view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ drop_relation_if_exists(load_cached_relation(candidate)) }}
    {{ drop_relation_if_exists(load_cached_relation(former)) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ get_create_view_as_sql(candidate, sql) }}
    {%- endcall %}

    {#- looked up only now: the view may have gone with another that it read -#}
    {%- set existing = load_cached_relation(this) -%}
    {%- set is_same = existing is not none and existing.is_view and run_query(
        "select pg_get_viewdef(to_regclass('" ~ existing ~ "')) = pg_get_viewdef('" ~ candidate ~ "'::regclass)"
    )[0][0] -%}
    {%- if is_same -%}
        {%- do adapter.drop_relation(candidate) -%}
    {%- else -%}
        {%- if existing is not none -%}
            {%- set former = make_backup_relation(target_relation, existing.type) -%}
            {%- do adapter.rename_relation(existing, former) -%}
        {%- endif -%}
        {%- do adapter.rename_relation(candidate, target_relation) -%}
    {%- endif -%}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {%- if existing is not none and not is_same -%}
        {%- do adapter.drop_relation(former) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
