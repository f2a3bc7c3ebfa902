// Registers the provider of security labels that Azure calls pgaadauth. Declared here is what a module of PostgreSQL
// 15 to 18 needs, so that no header files do. Built with -DPG_MAJOR=17.
typedef struct { int len; int version, funcmaxargs, indexmaxkeys, namedatalen, float8byval; char abi_extra[32];
#if PG_MAJOR >= 18
  const char *name, *module_version;
#endif
} magic;
typedef struct { unsigned classId, objectId; int objectSubId; } address;
extern void register_label_provider(const char *, void (*)(const address *, const char *));

const magic *Pg_magic_func(void) {
  static const magic data = {sizeof(magic), PG_MAJOR * 100, 100, 32, 64, 1,
                             "PostgreSQL"};
  return &data;
}

static void accept(const address *object, const char *label) { (void)object; (void)label; }

void _PG_init(void) { register_label_provider("pgaadauth", accept); }
