/** Help texts of the families that weft's own metrics become; others get one by rule. */

const HELP = new Map(
  Object.entries({
    weft_build_info: 'Version of weft and of Node.js; always 1.',
    weft_agent_uptime_seconds: 'Time since the agent started.',
    weft_agent_inputs: 'Inputs that are configured.',
    weft_agent_outputs: 'Outputs that are configured.',
    weft_agent_reloads_total: 'Configurations taken over while running.',
    weft_agent_reload_failures_total: 'Configurations refused while running; the old one stayed.',
    weft_agent_memory_rss_bytes: 'Resident memory of the agent.',
    weft_agent_cpu_seconds_total: 'CPU time of the agent, all threads, user and system.',
    weft_agent_event_loop_delay_p50_seconds: 'How late the main event loop ran in the last interval, median.',
    weft_agent_event_loop_delay_p99_seconds: 'How late the main event loop ran in the last interval, 99th percentile.',
    weft_agent_event_loop_delay_max_seconds: 'How late the main event loop ran in the last interval at most.',
    weft_input_gathers_total: 'Times the input was asked for metrics.',
    weft_input_gather_errors_total: 'Gathers that failed.',
    weft_input_gather_skipped_total: 'Gathers left out because the one before still ran.',
    weft_input_metrics_gathered_total: 'Metrics the input handed over.',
    weft_input_metrics_filtered_total: 'Metrics of the input that its filters dropped.',
    weft_input_errors_total: 'Errors the input reported.',
    weft_input_gather_time_seconds: 'Duration of a gather.',
    weft_processor_metrics_processed_total: 'Metrics the processor took.',
    weft_processor_metrics_dropped_total: 'Metrics the processor dropped.',
    weft_processor_errors_total: 'Errors of the processor.',
    weft_output_metrics_added_total: 'Metrics that entered the buffer of the output.',
    weft_output_metrics_written_total: 'Metrics the output accepted.',
    weft_output_metrics_filtered_total: 'Metrics that the filters of the output dropped.',
    weft_output_metrics_dropped_total: 'Metrics lost because the buffer of the output was full.',
    weft_output_metrics_rejected_total: 'Metrics the output refused for good.',
    weft_output_writes_total: 'Writes to the output.',
    weft_output_write_errors_total: 'Writes to the output that failed.',
    weft_output_buffer_size: 'Metrics that wait in the buffer of the output.',
    weft_output_buffer_limit: 'Metrics the buffer of the output holds at most.',
    weft_output_write_time_seconds: 'Duration of a write.',
    weft_engine_targets: 'Targets the engine probes.',
    weft_engine_outstanding: 'Probes that wait for an answer.',
    weft_engine_refused_total: 'Packets the reflector did not answer, by reason.',
    weft_pinglist_targets: 'Targets on the pinglist.',
    weft_pinglist_scale_ratio: 'Factor by which intervals were lengthened to keep within agent.max_rate.',
    weft_pinglist_reloads_total: 'Pinglists taken over.',
    weft_pinglist_reload_errors_total: 'Pinglists refused; the old one stayed.',
  }),
);

/** Help for the family that field `key` of metric `name` becomes. */
export function helpOf(family: string, name: string, key: string): string {
  return HELP.get(family) ?? `Field ${key} of the metric ${name}.`;
}
