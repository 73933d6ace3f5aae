#include "runtime/chosen_policies.hpp"

#include "runtime/callback.hpp"
#include "sha256.hpp"

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/peer_policy.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/policies/names.hpp>
#include <xfsbus/policies/rarest.hpp>
#include <xfsbus/wire/name.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace xfsbus::peer::runtime {
namespace {

policies::PluginInfo about(std::string name, std::string kind, std::string description) {
    policies::PluginInfo info;
    info.name = std::move(name);
    info.kind = std::move(kind);
    info.description = std::move(description);
    return info;
}

// ---- built in ----

template <class Factory, class Object>
std::shared_ptr<Factory const> built_in(std::string const& name, std::string const& kind) {
    return std::make_shared<Factory const>(about(name, kind, "built in"),
                                           [] { return std::make_unique<Object>(); });
}

// ---- the program's own ----

/// What the program's function makes; a function that makes nothing is at fault.
template <class Interface>
std::unique_ptr<Interface> made_by(MakePolicy<Interface> const& make) {
    auto object = make();
    if (!object) {
        throw policies::PolicyFault("the program's function has made nothing");
    }
    return object;
}

class OwnOrder final : public policies::ChunkRanker {
  public:
    explicit OwnOrder(std::unique_ptr<policies::ChunkOrder> order) : order_(std::move(order)) {}

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng& rng) override {
        policies::rank_each(*order_, chunks, ranks, rng);
    }

  private:
    std::unique_ptr<policies::ChunkOrder> order_;
};

/// Whatever it throws is a PolicyFault, as of a plug-in.
class OwnIntegrity final : public policies::Integrity {
  public:
    explicit OwnIntegrity(MakePolicy<policies::Integrity> const& make) {
        run([&] { hash_ = made_by(make); });
    }

    [[nodiscard]] std::size_t digest_size() const override { return hash_->digest_size(); }

    void update(std::span<std::byte const> data) override {
        run([&] { hash_->update(data); });
    }

    void finish(std::span<std::byte> digest) override {
        run([&] { hash_->finish(digest); });
    }

  private:
    template <class Call>
    static void run(Call const& call) {
        try {
            call();
        } catch (policies::PolicyFault const&) {
            throw;
        } catch (std::exception const& error) {
            throw policies::PolicyFault(error.what());
        } catch (...) {
            throw policies::PolicyFault("unknown exception");
        }
    }

    std::unique_ptr<policies::Integrity> hash_;
};

std::unique_ptr<policies::PeerSelector> object_of(MakePolicy<policies::PeerSelector> const& make) {
    return made_by(make);
}

std::unique_ptr<policies::ChunkRanker> object_of(MakePolicy<policies::ChunkOrder> const& make) {
    return std::make_unique<OwnOrder>(made_by(make));
}

std::unique_ptr<policies::UploadChoice> object_of(MakePolicy<policies::UploadChoice> const& make) {
    return made_by(make);
}

std::unique_ptr<policies::Integrity> object_of(MakePolicy<policies::Integrity> const& make) {
    return std::make_unique<OwnIntegrity>(make);
}

/// Null: there is none.
template <class Factory, class Interface>
std::shared_ptr<Factory const> own_of(OwnPolicy<Interface> const& policy, std::string const& kind) {
    if (!policy.make) {
        return nullptr;
    }
    return std::make_shared<Factory const>(about(policy.name, kind, "the program's own"),
                                           [make = policy.make] { return object_of(make); });
}

template <class Interface>
Status check_name(OwnPolicy<Interface> const& policy) {
    if (policy.make && !policies::is_policy_name(policy.name)) {
        return Error{Errc::usage, "'" + wire::escape(policy.name) +
                                      "' cannot be the name of a policy: it is not 1 to 32 of "
                                      "[a-z0-9-]"};
    }
    return done();
}

Status check_names(OwnPolicies const& own) {
    for (auto const& each : {check_name(own.selection), check_name(own.chunk_order),
                             check_name(own.upload_choice), check_name(own.integrity)}) {
        if (!each) {
            return each;
        }
    }
    return done();
}

/// One of each kind at most.
struct OwnFactories {
    std::shared_ptr<policies::SelectorFactory const> selection;
    std::shared_ptr<policies::ChunkOrderFactory const> chunk_order;
    std::shared_ptr<policies::UploadChoiceFactory const> upload_choice;
    std::shared_ptr<policies::HashAlgorithm const> integrity;

    auto& of(policies::SelectorFactory const&) { return selection; }

    auto& of(policies::ChunkOrderFactory const&) { return chunk_order; }

    auto& of(policies::UploadChoiceFactory const&) { return upload_choice; }

    auto& of(policies::HashAlgorithm const&) { return integrity; }
};

Status add(OwnFactories& all, policies::OwnPolicyFactory policy) {
    return std::visit(
        [&](auto& factory) -> Status {
            auto& place = all.of(*factory);
            if (place) {
                return Error{Errc::usage, "two policies of the program are of the kind " +
                                              factory->info().kind + ": '" + place->info().name +
                                              "' and '" + factory->info().name + "'"};
            }
            place = std::move(factory);
            return done();
        },
        policy);
}

Result<OwnFactories> own_factories(OwnPolicies const& own,
                                   std::shared_ptr<policies::PolicyHost> const& host) {
    OwnFactories all{
        .selection = own_of<policies::SelectorFactory>(own.selection, XFSBUS_KIND_PEER_SELECTION),
        .chunk_order =
            own_of<policies::ChunkOrderFactory>(own.chunk_order, XFSBUS_KIND_CHUNK_ORDER),
        .upload_choice =
            own_of<policies::UploadChoiceFactory>(own.upload_choice, XFSBUS_KIND_UPLOAD_CHOICE),
        .integrity = own_of<policies::HashAlgorithm>(own.integrity, XFSBUS_KIND_INTEGRITY)};
    for (auto const& each : own.descriptors) {
        if (each.descriptor == nullptr) {
            return Error{Errc::usage, "a policy of the program has no descriptor"};
        }
        if (auto const added = add(
                all, policies::take_own_policy(*each.descriptor, as_callback(each.context), host));
            !added) {
            return added.error();
        }
    }
    return all;
}

// ---- which ----

/// Loads the plug-in that is named; null if none is.
template <class Load>
auto load_named(std::string const& spec, Load load)
    -> decltype(load(policies::parse_plugin_spec(spec))) {
    return spec.empty() ? nullptr : load(policies::parse_plugin_spec(spec));
}

/// The program's own, else the plug-in that is named, else what is built in, which may be null.
template <class Factory, class Load>
std::shared_ptr<Factory const> chosen(std::shared_ptr<Factory const> of_program,
                                      std::string const& spec, Load load,
                                      std::shared_ptr<Factory const> usual) {
    if (of_program) {
        return of_program;
    }
    auto named = load_named(spec, load);
    return named ? named : usual;
}

Node::Plugins choose(PeerOptions const& options, OwnFactories own,
                     std::shared_ptr<policies::PolicyHost> host) {
    namespace p = policies;
    auto path = p::PluginPath::standard(options.plugin_directories);
    path.distrust(options.directory.empty() ? options.download_directory : options.directory);
    auto const with = [&](auto load) {
        return [&path, &host, load](p::PluginSpec const& spec) { return load(spec, path, host); };
    };
    auto const sha256 =
        built_in<p::HashAlgorithm, plugins::Sha256>("sha256", XFSBUS_KIND_INTEGRITY);
    auto const load_latency =
        built_in<p::SelectorFactory, p::LoadLatency>("loadlatency", XFSBUS_KIND_PEER_SELECTION);
    auto const rarest =
        built_in<p::ChunkOrderFactory, p::RankerOf<p::Rarest>>("rarest", XFSBUS_KIND_CHUNK_ORDER);
    auto selection =
        chosen(std::move(own.selection), options.policy, with(p::load_peer_selector), load_latency);
    auto order =
        chosen(std::move(own.chunk_order), options.chunk_order, with(p::load_chunk_order), rarest);
    auto integrity =
        chosen(std::move(own.integrity), options.integrity, with(p::load_integrity), sha256);
    auto upload = chosen(std::move(own.upload_choice), options.upload_policy,
                         with(p::load_upload_choice), {});
    return {.path = std::move(path),
            .host = std::move(host),
            .policy = std::move(selection),
            .chunk_order = std::move(order),
            .integrity = std::move(integrity),
            .built_in_integrity = sha256,
            .upload_choice = std::move(upload)};
}

}  // namespace

Result<Node::Plugins> choose_policies(PeerOptions const& options,
                                      std::shared_ptr<policies::PolicyHost> host) {
    if (auto const names = check_names(options.own_policies); !names) {
        return names.error();
    }
    try {
        auto own = own_factories(options.own_policies, host);
        if (!own) {
            return own.error();
        }
        return choose(options, std::move(*own), std::move(host));
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, refused.what()};
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, options.own_policies.integrity.name + ": " + fault.what()};
    }
}

}  // namespace xfsbus::peer::runtime
