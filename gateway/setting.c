#include "base/json.h"
#include "gateway/engine.h"

const char *setting_get(
    const struct gateway *gateway, const char *name, const char *key)
{
	const json_t *obj = gateway_load(gateway, "Setting", name);
	const json_t *spec = obj ? json_object_get(obj, "spec") : NULL;
	const char *value = spec ? json_string_value(json_object_get(spec, key))
	                         : NULL;

	return value ? value : "";
}

bool setting_put(struct gateway *gateway, const char *name, const char *key,
    const char *value)
{
	const json_t *old = gateway_load(gateway, "Setting", name);
	json_t *obj = old ? json_deep_copy(old) : json_object();
	json_t *spec = json_object_get(obj, "spec");

	if (!spec) {
		json_object_set_new(obj, "spec", json_object());
		spec = json_object_get(obj, "spec");
	}
	json_object_set_new(spec, key, json_string(value));
	return gateway_save(gateway, "Setting", name, obj);
}
