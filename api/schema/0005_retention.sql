-- Which candidates refer to an object of the store (see engine.objects).
create index candidates_by_object on api.candidates
  using gin (jsonb_path_query_array(made, '$.**.sha256') jsonb_path_ops);
