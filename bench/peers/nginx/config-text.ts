interface NginxFiles {
  /** For what nginx writes. */
  directory: string;
  port: number;
}

/**
 * A proxy as operators run it: keep-alive on both sides, an access log in a file, no temporary files.
 */
export const proxyConfig = ({ directory, port }: NginxFiles, upstreamPort: number): string =>
  configText(
    directory,
    `
  access_log ${directory}/access.log;
  upstream agent {
    server 127.0.0.1:${upstreamPort};
    keepalive 512;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://agent;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_read_timeout 1h;
      proxy_request_buffering off;
      proxy_buffers 16 64k;
      proxy_max_temp_file_size 0;
    }
  }`,
  );

/** An upstream that responds to every request with the same JSON. */
export const respondingConfig = ({ directory, port }: NginxFiles, body: string): string =>
  configText(
    directory,
    `
  access_log off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type application/json;
    location / { return 200 '${body}'; }
  }`,
  );

// One process without a master: its CPU time and its core are those of the whole server.
const configText = (directory: string, http: string): string => `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 16384; }
http {
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  client_max_body_size 0;
  keepalive_requests 1000000000;
  keepalive_timeout 65s;
  tcp_nodelay on;
${http}
}
`;
