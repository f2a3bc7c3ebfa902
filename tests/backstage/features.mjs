// The plugins of the backends in these tests: what needs a database.
export const features = () =>
  Promise.all([
    import('@backstage/plugin-auth-backend'),
    import('@backstage/plugin-catalog-backend'),
    import('@backstage/plugin-search-backend'),
    import('@backstage/plugin-search-backend-module-pg'),
  ]);
