#include "printer.hpp"

#include <xfsbus/program/run.hpp>

#include <nlohmann/json.hpp>

#include <utility>

namespace xfsbus::console {

using Json = nlohmann::ordered_json;

Printer Printer::of_job(unsigned number) const {
    auto options = options_;
    options.job = number;
    return {options, out_, err_};
}

void Printer::object(Json object) const {
    if (options_.job) {
        object["job"] = *options_.job;
    }
    // Names are UTF-8; whatever is not (an error's text could quote anything) is replaced.
    out_ << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

void Printer::line(std::string const& text) const {
    out_ << text << '\n';
}

void Printer::table(std::vector<std::string> header, Rows rows) const {
    if (options_.terminal) {
        rows.insert(rows.begin(), std::move(header));
    }
    out_ << (options_.terminal ? aligned(rows) : divided(rows));
}

void Printer::bytes(std::span<std::byte const> bytes) const {
    out_.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    out_.flush();
}

void Printer::note(std::string const& text) const {
    err_ << "xfs-peer: " << text << std::endl;
}

void Printer::error(std::string const& command, Error const& error) const {
    if (json()) {
        object({{"event", "error"},
                {"command", command},
                {"code", program::exit_code(error.code)},
                {"message", error.message}});
    }
    flush();  // where both streams are one, the error comes after what was written before it
    if (!json()) {
        err_ << "xfs-peer: " << command << ": " << error.message << std::endl;
    }
}

}  // namespace xfsbus::console
