/**
 * The directions of DESIGN.md section 2. Type imports count like any others: a contract that names an implementation is as
 * hard to move as one that calls it.
 *
 *   core (leaf contracts) <- core <- controller, plugins <- bin
 *   native/index.ts <- plugins/common/probing <- the transports (plugins/inputs/udp, ...)
 */

const LEAVES = '^core/(errors|metric|distribution|clock|target|plugin)\\.ts$';

/** A rule whose violation is an error. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    forbid('no-cycle', 'Modules that need each other are one module.', {}, { circular: true }),
    forbid('resolvable', 'An import has to lead somewhere.', {}, { couldNotResolve: true }),
    forbid('leaf-contracts', 'Leaf contracts import nothing but each other.', { path: LEAVES }, {
      pathNot: [LEAVES, '^node_modules/'],
    }),
    forbid('core-alone', 'Core knows neither plugins nor native code nor the program.', { path: '^core/' }, {
      path: '^(bin|bench|controller|native|plugins|test)/',
    }),
    forbid('controller', 'The controller stands on core.', { path: '^controller/' }, {
      path: '^(bin|bench|native|plugins|test)/',
    }),
    forbid('plugins', 'Plugins stand on core; what several share stands in plugins/common.', { path: '^plugins/' }, {
      path: '^(bin|bench|controller|test)/',
    }),
    forbid(
      'plugins-apart',
      'Plugins never import each other.',
      { path: '^plugins/(inputs|processors|outputs)/([^/]+)/' },
      { path: '^plugins/(inputs|processors|outputs)/', pathNot: '^plugins/$1/$2/' },
    ),
    forbid('common-below-plugins', 'What plugins share knows none of them.', { path: '^plugins/common/' }, {
      path: '^plugins/(inputs|processors|outputs)/',
    }),
    forbid(
      'native-for-probing',
      'Native code is for probing: the shared pump, and the transports, which make their engines.',
      { path: '^plugins/', pathNot: '^plugins/(common/probing|inputs/(udp|tcp|rdma-ud))/' },
      { path: '^native/' },
    ),
    forbid('one-door-to-native', 'index.ts is the typed door; nothing behind it is imported.', { pathNot: '^native/' }, {
      path: '^native/',
      pathNot: '^native/index\\.ts$',
    }),
    forbid('native-alone', 'The door to native code knows the leaf contracts only.', { path: '^native/' }, {
      path: '^(bin|bench|controller|core|plugins|test)/',
      pathNot: LEAVES,
    }),
    forbid('prom-client-twice', 'prom-client is for what the two pages say of themselves: one file of each imports it.', {
      pathNot: '^(plugins/outputs/prometheus/own-metrics\\.ts|controller/api/metrics\\.ts|(test|bench)/)',
    }, {
      path: '^node_modules/prom-client/',
    }),
    forbid('dashboard-alone', 'The dashboard runs in browsers, and knows the grid by its API only.', { path: '^dashboard/src/' }, {
      pathNot: '^(dashboard/src|node_modules/uplot)/',
    }),
    forbid('dashboard-in-browsers', 'Only tests look at what runs in browsers.', { pathNot: '^(dashboard|test|bench)/' }, {
      path: '^dashboard/',
    }),
    forbid('no-dev-dependency', 'What is shipped uses what is installed with it.', { path: '^(bin|core|controller|native|plugins)/' }, {
      dependencyTypes: ['npm-dev'],
      // Types come from development packages (@types/…) and leave nothing behind.
      dependencyTypesNot: ['type-only'],
      pathNot: '^node_modules/@types/',
    }),
    forbid('tests-stay-out', 'Nothing depends on tests.', { pathNot: '^test/' }, { path: '^test/', pathNot: '^test/support/' }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build|\\.out)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
